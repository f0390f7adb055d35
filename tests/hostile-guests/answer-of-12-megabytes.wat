;; Hands over a failure of 12 MB that is really there, valid UTF-8 and all.
;; role: policy
;; pages: 200
;; expect: fault result
;; == evaluate
(i32.store (i32.const 40000) (i32.const 1))
(i32.store (i32.const 40004) (i32.const 65536))
(i32.store (i32.const 40008) (i32.const 12582912))
(memory.fill (i32.const 65536) (i32.const 97) (i32.const 12582912))
(i32.const 40000)
