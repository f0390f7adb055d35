;; A loop while the plugin loads: the load is refused, nothing hangs.
;; role: policy
;; expect: refused the plugin overran its deadline
;; == fields
(func $start (loop $forever (br $forever))) (start $start)
