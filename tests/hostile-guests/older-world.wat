;; Built for a version of the contract that this host does not speak.
;; role: policy
;; version: 0.0.9
;; expect: refused built for `wardlet:plugin/
