import Foundation
import Interchange
import Testing
import Training

/// What ends a training from outside: it saves what it has, and ends as the signal would have ended it.
@Suite struct SignalTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.writeTinyTraining()
    }

    private func start(_ output: String, _ more: [String] = []) throws -> (Process, errors: Pipe) {
        let (process, _, errors) = workplace.process(["train", "tiny.braid", "--data", "mnist:data", "-o", output] + more)
        try process.run()
        return (process, errors)
    }

    /// Waits for a checkpoint of this run: the training has begun.
    private func waitForCheckpoint(_ name: String, newerThan old: Int, of process: Process) {
        while process.isRunning, inode(name) == old { usleep(1000) }
    }

    /// Every checkpoint is a new file.
    private func inode(_ name: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: workplace.path(name))[.systemFileNumber] as? Int) ?? 0
    }

    @Test(arguments: [(SIGINT, "interrupted"), (SIGTERM, "terminated"), (SIGHUP, "hung up")])
    func savesAndEnds(signal: Int32, reason: String) throws {
        let (process, errors) = try start("out", ["--epochs", "2000"])
        waitForCheckpoint("out.checkpoint.safetensors", newerThan: 0, of: process)
        usleep(50_000)
        kill(process.processIdentifier, signal)
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == signal)
        #expect(text.contains("\(reason); go on with --resume out.checkpoint.safetensors"), "\(text)")
        #expect(try Checkpoint(Safetensors(path: workplace.path("out.checkpoint.safetensors"))).state.step > 0)
        let records = ["out.history.json", "out.curves.svg", "out.epochs.csv", "out.steps.csv"]
        #expect(try workplace.names() == Set(["tiny.braid", "data", "out.checkpoint.safetensors"] + records))
        #expect(try TrainingRecord(path: workplace.path("out.history.json")).run?.status == .stopped)
    }

    /// The status that a shell sees.
    @Test(arguments: [("INT", 130), ("TERM", 143), ("HUP", 129)])
    func statuses(signal: String, status: Int) throws {
        let line = """
            '\(Workplace.command.path)' train tiny.braid --data mnist:data -o out --epochs 2000 > /dev/null 2>&1 &
            while ! [ -e out.checkpoint.safetensors ]; do sleep 0.01; done
            kill -\(signal) $!; wait $!; echo $?
            """
        #expect(try workplace.run(line: line).output == "\(status)\n")
    }

    /// Under nohup a training outlives its terminal.
    @Test func anIgnoredHangUpStaysIgnored() throws {
        let line = """
            trap '' HUP
            '\(Workplace.command.path)' train tiny.braid --data mnist:data -o out --epochs 2000 > /dev/null 2>&1 &
            while ! [ -e out.checkpoint.safetensors ]; do sleep 0.01; done
            kill -HUP $!; sleep 0.3; kill -TERM $! && wait $!; echo $?
            """
        #expect(try workplace.run(line: line).output == "143\n")
    }

    /// Whatever a training does when it is ended, it goes on from there to the same bits: in a step, and while it evaluates.
    @Test func goesOnFromAnyMoment() throws {
        let heldOut = SyntheticDigits(part: .heldOut).dataset(count: 900)
        try AtomicFile.write(
            IDX.encode(HostTensor(element: .u8, shape: [900, 28, 28], bytes: heldOut.pixels)),
            to: workplace.path("data/t10k-images-idx3-ubyte"))
        try AtomicFile.write(
            IDX.encode(HostTensor(element: .u8, shape: [900], bytes: heldOut.labels.map { UInt8($0) })),
            to: workplace.path("data/t10k-labels-idx1-ubyte"))
        let epochs = ["--epochs", "20"]
        let (whole, _) = try start("whole", epochs)
        whole.waitUntilExit()
        #expect(whole.terminationStatus == 0)
        var ends = 0
        // The last one may run to its end.
        for turn in 0...6 {
            let old = inode("part.checkpoint.safetensors")
            let (process, _) = try start("part", epochs + (old == 0 ? [] : ["--resume", "part.checkpoint.safetensors"]))
            if turn < 6 {
                waitForCheckpoint("part.checkpoint.safetensors", newerThan: old, of: process)
                usleep(UInt32(10_000 + turn * 9000))
                kill(process.processIdentifier, turn % 2 == 0 ? SIGTERM : SIGHUP)
            }
            process.waitUntilExit()
            if process.terminationReason == .exit {
                #expect(process.terminationStatus == 0)
                break
            }
            ends += 1
        }
        #expect(ends > 1)
        #expect(try workplace.bytes("part.safetensors") == workplace.bytes("whole.safetensors"))
        #expect(try workplace.bytes("part.checkpoint.safetensors") == workplace.bytes("whole.checkpoint.safetensors"))
    }
}
