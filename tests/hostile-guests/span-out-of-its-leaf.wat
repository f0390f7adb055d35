;; An edit that ends behind its leaf, where another leaf's text would begin.
;; role: redactor
;; expect: fault bad-answer
;; document: {"a":"short","b":"next"}
;; edits: 1 0 9
