;; Two functions that call each other until the stack ends.
;; role: policy
;; expect: fault stack
;; == fields
(func $a (param i64) (result i64) (i64.add (i64.const 1) (call $b (local.get 0))))
(func $b (param i64) (result i64) (i64.add (i64.const 1) (call $a (local.get 0))))
;; == evaluate
(drop (call $a (i64.const 1))) unreachable
