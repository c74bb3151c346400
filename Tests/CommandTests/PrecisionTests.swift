import Foundation
import Interchange
import Testing

/// `--precision`: what is stored between layers and multiplied, on every command that infers.
@Suite struct PrecisionTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.write(
            """
            network small(classes = 5) {
                input image: f32[N, 3, 12, 12]
                let features = image |> a: conv(24, 3, pad: 1) |> relu |> b: conv(40, 1) |> c: conv(16, 3, stride: 2) |> silu
                output scores = features |> global_avg_pool |> flatten |> fc: linear(classes)
            }

            """, to: "small.braid")
        let pixels = (0..<432).map { Float(($0 * 37) % 101) / 50 - 1 }
        try AtomicFile.write(NumPy.encode(HostTensor(shape: [1, 3, 12, 12], floats: pixels)), to: workplace.path("image.npy"))
    }

    private func scores(_ precision: String, _ arguments: [String] = []) throws -> [Float] {
        let result = try workplace.run(
            ["run", "small.braid", "--input", "image.npy", "--output-dir", precision, "--precision", precision] + arguments)
        #expect(result.status == 0, "\(result.errors)")
        return try NumPy.read(workplace.path("\(precision)/scores.npy")).floats
    }

    /// Near to f32, not the same, and the same with any number of threads.
    @Test func narrowResultsAreNear() throws {
        let exact = try scores("f32")
        let narrow = try scores("bf16")
        let scale = exact.map(abs).max()!
        let off = zip(exact, narrow).map { abs($0 - $1) / scale }.max()!
        #expect(off > 1e-6 && off < 2e-2, "\(off)")
        #expect(try scores("bf16", ["--threads", "1"]) == narrow)
        #expect(try scores("bf16", ["--threads", "7"]) == narrow)
    }

    /// The text of a stage says what is rounded, and goes on along the road in that precision alone.
    @Test func textsSayWhatIsRounded() throws {
        let dump = ["dump", "small.braid", "--stage", "optimized", "--precision", "bf16", "-o", "small.optimized"]
        #expect(try workplace.run(dump).status == 0)
        let text = try String(contentsOfFile: workplace.path("small.optimized"), encoding: .utf8)
        #expect(text.components(separatedBy: "stored bf16").count == 3 + 1 && text.components(separatedBy: "factors bf16").count == 2 + 1)
        let plan = try workplace.run("dump", "small.optimized", "--stage", "plan", "--precision", "bf16")
        #expect(plan.status == 0 && plan.output.contains("bf16["), "\(plan.errors)")
        let wrong = try workplace.run("dump", "small.optimized", "--stage", "plan")
        #expect(wrong.status == 1 && wrong.errors.contains("precision of 'small' are not those of f32 for host"), "\(wrong.errors)")
    }

    @Test func trainingsHaveNoSamples() throws {
        for (command, flag) in [("bench", "--train"), ("tune", "--train"), ("dump", "--training")] {
            let result = try workplace.run(
                [command, "small.braid", flag, "--precision", "auto", "--calibrate", "image.npy"]
                    + (command == "dump" ? ["--stage", "plan"] : []))
            #expect(result.status != 0)
            let expected = "a training has no samples to find a precision on: leave out \(flag), or give --precision bf16 or f32"
            #expect(result.errors.contains(expected), "\(command): \(result.errors)")
        }
        let unknown = try workplace.run("run", "small.braid", "--precision", "f8")
        #expect(unknown.status != 0 && unknown.errors.contains("f32") && unknown.errors.contains("bf16"), "\(unknown.errors)")
    }

    /// The file's clauses hold on every command, `--precision f32` before them.
    @Test func clausesHold() throws {
        let text = try String(contentsOfFile: workplace.path("small.braid"), encoding: .utf8)
        try workplace.write(text.replacing("    let", with: "    precision bf16\n    let"), to: "clauses.braid")
        func scores(_ folder: String, _ arguments: [String]) throws -> [Float] {
            let result = try workplace.run(["run", "clauses.braid", "--input", "image.npy", "--output-dir", folder] + arguments)
            #expect(result.status == 0, "\(result.errors)")
            return try NumPy.read(workplace.path("\(folder)/scores.npy")).floats
        }
        #expect(try scores("file", []) == self.scores("bf16"))
        #expect(try scores("exact", ["--precision", "f32"]) == self.scores("f32"))
        let bench = try workplace.run("bench", "clauses.braid", "--runs", "1", "--seconds", "0", "--json")
        #expect(try bench.json()["precision"] as? String == "mixed", "\(bench.errors)")
        let described = try workplace.run("describe", "clauses.braid", "--json")
        #expect(try described.json()["precision"] as? String == "mixed" && described.output.contains("bf16"), "\(described.errors)")
        #expect(try workplace.run("describe", "clauses.braid", "--json", "--precision", "f32").json()["precision"] as? String == "f32")
        #expect(try workplace.run("dump", "clauses.braid", "--stage", "plan").output.contains("bf16["))
        // A stage that is printed in one precision is refused in another, in words.
        let dump = ["dump", "clauses.braid", "--stage", "optimized", "--precision", "f32", "-o", "clauses.optimized"]
        #expect(try workplace.run(dump).status == 0)
        let wrong = try workplace.run("dump", "clauses.optimized", "--stage", "plan")
        #expect(wrong.status == 1 && wrong.errors.contains("precision of 'small' are not those of its clauses for host"), "\(wrong.errors)")
    }

    @Test func benchmarksSayIt() throws {
        let result = try workplace.run("bench", "small.braid", "--runs", "1", "--seconds", "0", "--precision", "bf16", "--json")
        #expect(try result.json()["precision"] as? String == "bf16", "\(result.errors)")
    }
}
