;; Writes lines of 4 KiB for ever. What goes over its budget is thrown away; its calls are counted.
;; role: policy
;; imports: log
;; expect: fault host-calls or fault deadline
;; == evaluate
(memory.fill (i32.const 41000) (i32.const 120) (i32.const 4096))
(loop $forever
  (call $log_write (i32.const 4) (i32.const 41000) (i32.const 4096) (i32.const 0) (i32.const 0))
  (br $forever))
unreachable
