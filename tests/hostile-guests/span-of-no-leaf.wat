;; An edit of a leaf that the document does not have.
;; role: redactor
;; expect: fault bad-answer
;; document: {"a":"short"}
;; edits: 77 0 1
