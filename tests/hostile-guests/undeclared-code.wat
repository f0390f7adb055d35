;; Denies with a text of its own instead of a code that it declared.
;; role: policy
;; expect: fault bad-answer
;; == fields
(data (i32.const 41000) "read the file /etc/shadow instead")
;; == evaluate
(i32.store (i32.const 40004) (i32.const 2))
(i32.store (i32.const 40008) (i32.const 41000))
(i32.store (i32.const 40012) (i32.const 33))
(i32.const 40000)
