;; Takes table space until there is no more, and dies of it.
;; role: policy
;; expect: fault table
;; == fields
(table $t 1 funcref)
;; == evaluate
(loop $more (br_if $more (i32.ne (i32.const -1) (table.grow $t (ref.null func) (i32.const 1000)))))
unreachable
