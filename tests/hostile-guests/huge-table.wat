;; Asks for a table of a hundred million elements before anything runs.
;; role: policy
;; expect: refused table
;; == fields
(table 100000000 funcref)
