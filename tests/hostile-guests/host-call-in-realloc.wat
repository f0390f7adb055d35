;; Calls the host while the host is handing it memory.
;; role: policy
;; imports: log
;; expect: fault trap
;; == realloc
(call $log_write (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
(i32.const 50000)
