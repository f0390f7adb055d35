;; A plugin that dies before it is asked anything.
;; role: policy
;; expect: refused the plugin trapped
;; == fields
(func $start unreachable) (start $start)
