;; Gives the host an address outside of its memory to write to.
;; role: policy
;; expect: fault bad-answer
;; == realloc
(i32.const -16)
