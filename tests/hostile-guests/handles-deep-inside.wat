;; The same, in a component within a component.
;; expect: refused makes handles of its own
;; == component
(component
  (component
    (component
      (type $r (resource (rep i32)))
      (core func (canon resource.new $r))))
)
