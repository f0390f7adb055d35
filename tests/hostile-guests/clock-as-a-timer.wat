;; Counts until the clock moves, to measure what others do meanwhile. It does not move.
;; role: policy
;; imports: clock
;; expect: fault host-calls or fault deadline
;; == evaluate
(local $first i64)
(local.set $first (call $clock_now))
(loop $again (br_if $again (i64.eq (local.get $first) (call $clock_now))))
unreachable
