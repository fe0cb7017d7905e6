// Test support: loads each object that is named with Cilium's loader, and says what it says.
package main

import (
	"fmt"
	"os"

	"github.com/cilium/ebpf"
)

func main() {
	for _, name := range os.Args[1:] {
		spec, err := ebpf.LoadCollectionSpec(name)
		if err == nil {
			var loaded *ebpf.Collection
			loaded, err = ebpf.NewCollection(spec)
			if err == nil {
				loaded.Close()
			}
		}
		if err != nil {
			fmt.Printf("%s: %v\n", name, err)
		} else {
			fmt.Printf("%s: loaded\n", name)
		}
	}
}
