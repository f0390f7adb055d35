;; Makes handles of its own, as many as it likes: the host keeps a table of them that no limit bounds.
;; expect: refused makes handles of its own
;; == component
(component
  (type $r (resource (rep i32)))
  (core func $new (canon resource.new $r))
  (core module $m
    (import "h" "new" (func $new (param i32) (result i32)))
    (func (export "spin") (loop $more (drop (call $new (i32.const 1))) (br $more))))
  (core instance $i (instantiate $m (with "h" (instance (export "new" (func $new))))))
)
