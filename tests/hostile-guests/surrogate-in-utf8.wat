;; A reason with half a surrogate pair in it, which UTF-8 does not have.
;; role: policy
;; expect: fault bad-answer
;; == fields
(data (i32.const 41000) "a\ed\a0\80")
;; == evaluate
(i32.store (i32.const 40004) (i32.const 2))
(i32.store (i32.const 40008) (i32.const 41000))
(i32.store (i32.const 40012) (i32.const 4))
(i32.const 40000)
