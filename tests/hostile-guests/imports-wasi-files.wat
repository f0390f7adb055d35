;; Asks for the file system of WASI.
;; expect: refused imports `wasi:filesystem/types@0.2.0`
;; == component
(component (import "wasi:filesystem/types@0.2.0" (instance)))
