;; A component without any role.
;; expect: refused exports no `plugin`
;; == component
(component)
