package simplysocket_test

import (
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Guest is the body of a join and of "arrived".
type Guest struct {
	Nick string `json:"nick"`
}

// Greeting is what a new member reads.
type Greeting struct {
	Message string `json:"message"`
}

// Salon sets up a room that nobody enters without a nickname.
func Salon(room *simplysocket.Room) error {
	room.OnJoin(func(j *simplysocket.Join) error {
		var guest Guest
		if err := j.Params(&guest); err != nil {
			return err
		}
		if guest.Nick == "" {
			return simplysocket.Errorf("nick-missing", "who are you?")
		}
		if err := j.Welcome(Greeting{"Good evening, " + guest.Nick}); err != nil {
			return err
		}
		return room.Broadcast("arrived", guest, simplysocket.Except(j.Member))
	})
	return nil
}

// OnJoin decides who may enter, and replaces the default welcome and announcement.
func ExampleRoom_OnJoin() {
	simplysockettest.Example(func(t testing.TB) {
		room := simplysockettest.Open(t, "salon", Salon)
		fmt.Println(room.JoinRefused("nick-missing", "anna"))

		anna := room.Join("anna", simplysockettest.Params(Guest{"Ann"}))
		room.Join("bert", simplysockettest.Params(Guest{"Bertie"}))
		fmt.Println(simplysockettest.Expect[Greeting](anna, "joined-room").Message)
		fmt.Println(simplysockettest.Expect[Guest](anna, "arrived").Nick)
	})
	// Output:
	// who are you?
	// Good evening, Ann
	// Bertie
}
