;; A reason whose bytes are no UTF-8, put there through the raw ABI.
;; role: policy
;; expect: fault bad-answer
;; == fields
(data (i32.const 41000) "\ff\fe\c0\80")
;; == evaluate
(i32.store (i32.const 40004) (i32.const 2))
(i32.store (i32.const 40008) (i32.const 41000))
(i32.store (i32.const 40012) (i32.const 4))
(i32.const 40000)
