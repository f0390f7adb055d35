;; A million edits, each of them well formed.
;; role: redactor
;; pages: 200
;; expect: fault result
;; == find
(loop $more
  (local.set $b (i32.add (i32.const 65536) (i32.mul (local.get $a) (i32.const 24))))
  (i32.store offset=8 (local.get $b) (i32.const 1))
  (i32.store offset=12 (local.get $b) (i32.const 1024))
  (i32.store offset=16 (local.get $b) (i32.const 1))
  (i32.store8 offset=20 (local.get $b) (i32.const 50))
  (local.set $a (i32.add (local.get $a) (i32.const 1)))
  (br_if $more (i32.lt_u (local.get $a) (i32.const 500000))))
(i32.store (i32.const 40004) (i32.const 65536))
(i32.store (i32.const 40008) (i32.const 500000))
(i32.const 40000)
