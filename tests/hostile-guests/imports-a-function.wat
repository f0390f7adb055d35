;; Imports a function of its own choosing instead of an interface.
;; expect: refused imports `run`
;; == component
(component (import "run" (func)))
