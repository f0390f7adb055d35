;; Takes all the memory it may have, touches every page of it, and goes on for ever.
;; role: policy
;; expect: fault deadline
;; == evaluate
(loop $more (br_if $more (i32.ne (i32.const -1) (memory.grow (i32.const 1)))))
(loop $forever
  (memory.fill (i32.const 65536) (i32.const 255) (i32.mul (i32.sub (memory.size) (i32.const 1)) (i32.const 65536)))
  (br $forever))
unreachable
