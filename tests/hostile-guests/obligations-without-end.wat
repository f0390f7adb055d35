;; A list of four billion obligations.
;; role: policy
;; expect: fault bad-answer
;; == evaluate
(i32.store (i32.const 40004) (i32.const 1))
(i32.store (i32.const 40016) (i32.const 1024))
(i32.store (i32.const 40020) (i32.const -1))
(i32.const 40000)
