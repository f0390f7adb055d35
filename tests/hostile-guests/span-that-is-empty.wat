;; An edit of nothing, which would put a mark where nothing was found.
;; role: redactor
;; expect: fault bad-answer
;; document: {"a":"short"}
;; edits: 1 2 2
