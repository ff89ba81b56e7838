package simplysocket_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// statsHandler answers with the numbers of the server, for a dashboard.
func statsHandler(srv *simplysocket.Server) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(srv.Stats()) // the peer may be gone
	})
}

func ExampleServer_Stats() {
	simplysockettest.Example(func(t testing.TB) {
		srv, err := simplysocket.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		conn := simplysockettest.Serve(t, srv).Dial(nil)
		if _, err := conn.Join(t.Context(), "chat", nil); err != nil {
			t.Fatal(err)
		}

		w := httptest.NewRecorder()
		statsHandler(srv).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/stats", nil))
		var stats simplysocket.Stats
		if err := json.Unmarshal(w.Body.Bytes(), &stats); err != nil {
			t.Fatal(err)
		}
		fmt.Println(stats.Clients, "client,", stats.Rooms, "rooms") // chat and the lobby
	})
	// Output: 1 client, 2 rooms
}
