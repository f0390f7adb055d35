;; An edit whose end lies before its start.
;; role: redactor
;; expect: fault bad-answer
;; document: {"a":"short"}
;; edits: 1 4 2
