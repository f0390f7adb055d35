;; A loop where the host asks for memory to put its arguments into.
;; role: policy
;; expect: fault deadline
;; == realloc
(loop $forever (br $forever)) unreachable
