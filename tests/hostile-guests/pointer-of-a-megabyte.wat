;; Hands the host a pointer of a megabyte again and again: each is looked at and refused.
;; role: policy
;; imports: document
;; pages: 32
;; expect: fault deadline
;; == evaluate
(memory.fill (i32.const 65536) (i32.const 47) (i32.const 1048576))
(loop $forever
  (call $document_get (i32.const 0) (i32.const 65536) (i32.const 1048576) (i32.const 16))
  (br $forever))
unreachable
