;; Asks for four gigabytes before anything runs.
;; role: policy
;; expect: refused memory
;; pages: 65536
