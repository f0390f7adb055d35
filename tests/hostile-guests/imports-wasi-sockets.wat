;; Asks for the sockets of WASI, which the virtual WASI does not have.
;; expect: refused imports `wasi:sockets/tcp@0.2.0`
;; == component
(component (import "wasi:sockets/tcp@0.2.0" (instance)))
