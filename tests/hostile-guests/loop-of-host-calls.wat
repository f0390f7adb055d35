;; Asks the host for ever, so that the host does the work.
;; role: policy
;; imports: document
;; expect: fault host-calls or fault deadline
;; == evaluate
(loop $forever
  (call $document_get (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 16))
  (br $forever))
unreachable
