;; Says that its failure is a text of 200 MB, most of which is not there.
;; role: policy
;; expect: fault bad-answer
;; == evaluate
(i32.store (i32.const 40000) (i32.const 1))
(i32.store (i32.const 40004) (i32.const 1024))
(i32.store (i32.const 40008) (i32.const 209715200))
(i32.const 40000)
