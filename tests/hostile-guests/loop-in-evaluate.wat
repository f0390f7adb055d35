;; A check that never ends by itself.
;; role: policy
;; expect: fault deadline
;; == evaluate
(loop $forever (br $forever)) unreachable
