;; An edit that begins in the middle of a character of two bytes.
;; role: redactor
;; expect: fault bad-answer
;; document: {"a":"\u00e9 secret"}
;; edits: 1 1 4
