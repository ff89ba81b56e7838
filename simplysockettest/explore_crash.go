package simplysockettest

import "time"

// crash has the room lose its process for a while. Explore crashes rooms where it is set.
var crash func(r *Room, down time.Duration)
