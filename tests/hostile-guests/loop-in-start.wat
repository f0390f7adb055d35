;; A loop in the start function: the sandbox is never finished. It waits for a time that is not 0, which
;; is the time while the plugin loads, so that it gets as far as its first check.
;; role: policy
;; imports: clock
;; expect: fault deadline
;; == fields
(func $start
  (if (i64.ne (call $clock_now) (i64.const 0)) (then (loop $forever (br $forever)))))
(start $start)
