;; Edits that overlap, contain and repeat each other, from the last to the first: they are merged, and
;; what they do not cover stays.
;; role: redactor
;; expect: redacted {"a":"x[redacted:secret]y"}
;; document: {"a":"xsecrety"}
;; edits: 1 5 7, 1 1 7, 1 1 7, 1 2 6
