;; Imports an interface that no host of this contract has.
;; role: policy
;; imports: network
;; expect: refused imports `wardlet:plugin/network@0.1.0`, which Wardlet does not offer
