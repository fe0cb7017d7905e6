// golang.org/x/net/bpf, an interpreter in Go. The first argument is a classic program, `code jt jf k` with a
// comma behind each; the others, and what is read and printed, are as in peer.h.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/bpf"
)

func main() {
	var program []bpf.Instruction
	for _, row := range strings.Split(strings.Trim(os.Args[1], ","), ",") {
		var raw bpf.RawInstruction
		if _, err := fmt.Sscan(row, &raw.Op, &raw.Jt, &raw.Jf, &raw.K); err != nil {
			os.Exit(2)
		}
		program = append(program, raw.Disassemble())
	}
	vm, err := bpf.NewVM(program)
	if err != nil {
		os.Exit(1)
	}
	runs, _ := strconv.Atoi(os.Args[2])
	rounds, _ := strconv.Atoi(os.Args[3])
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	var count int
	fmt.Fscan(input, &count)
	packets := make([][]byte, count)
	for i := range packets {
		var length int
		var text string
		fmt.Fscan(input, &length, &text)
		if packets[i], err = hex.DecodeString(text); err != nil || len(packets[i]) != length {
			os.Exit(1)
		}
	}
	once := func() (matched int) {
		for _, packet := range packets {
			if kept, _ := vm.Run(packet); kept != 0 {
				matched++
			}
		}
		return
	}
	fmt.Println(len(program), once())
	for round := 0; round < rounds; round++ {
		start := time.Now()
		for run := 0; run < runs; run++ {
			once()
		}
		fmt.Println(float64(time.Since(start).Nanoseconds()) / float64(runs*count))
	}
}
