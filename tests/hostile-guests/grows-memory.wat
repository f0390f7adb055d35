;; Takes memory until there is no more, and dies of it.
;; role: policy
;; expect: fault memory
;; == evaluate
(loop $more (br_if $more (i32.ne (i32.const -1) (memory.grow (i32.const 1))))) unreachable
