;; A core module in place of a component.
;; expect: refused a core module
;; == component
(module (memory (export "memory") 1))
