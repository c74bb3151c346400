import Foundation
import Interchange
import Testing
import Training

/// Weights and checkpoints of other networks, of other times, and damaged ones.
@Suite struct WeightsTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.writeTinyTraining()
    }

    private func train(_ output: String, _ more: String...) throws -> CommandResult {
        try workplace.run(["train", "tiny.braid", "--data", "mnist:data", "-o", output] + more)
    }

    /// Writes a file's tensors again with other metadata.
    private func save(_ name: String, as other: String, _ change: (inout [String: String]) -> Void) throws {
        let file = try Safetensors(path: workplace.path(name))
        var metadata = file.metadata
        change(&metadata)
        try Safetensors.write(file.tensors(), metadata: metadata, to: workplace.path(other))
    }

    @Test func warnsWhereNothingSaysHowPicturesAreNormalized() throws {
        #expect(try train("out", "--epochs", "1").status == 0)
        try save("out.safetensors", as: "plain.safetensors") { $0 = [:] }
        try SyntheticDigits(part: .heldOut).dataset(count: 10).image(3).writePNG(to: workplace.path("three.png"))
        try NumPy.write(HostTensor(shape: [1, 1, 28, 28], floats: [Float](repeating: 0, count: 784)), to: workplace.path("x.npy"))
        let warning = "warning: plain.safetensors does not say how pictures were normalized, and 'tiny' has no `normalize`"
        for weights in ["out", "plain"] {
            let isPlain = weights == "plain"
            let evaluated = try workplace.run("evaluate", "tiny.braid", "--weights", "\(weights).safetensors", "--data", "mnist:data")
            #expect(evaluated.status == 0 && evaluated.errors.contains(warning) == isPlain, "\(evaluated.errors)")
            let run = try workplace.run("run", "tiny.braid", "--weights", "\(weights).safetensors", "--input", "three.png", "--top", "1")
            #expect(run.status == 0 && run.errors.contains(warning) == isPlain, "\(run.errors)")
            let array = try workplace.run("run", "tiny.braid", "--weights", "\(weights).safetensors", "--input", "x.npy")
            #expect(array.status == 0 && array.errors.isEmpty, "\(array.errors)")
        }
        try save("out.safetensors", as: "bad.safetensors") { $0["normalization.deviation"] = "0" }
        let bad = try workplace.run("evaluate", "tiny.braid", "--weights", "bad.safetensors", "--data", "mnist:data")
        #expect(bad.status == 1 && bad.errors.contains("bad.safetensors, normalization.deviation"), "\(bad.errors)")
        try save("out.safetensors", as: "wide.safetensors") {
            $0.merge(PixelNormalization(mean: [0, 0, 0], deviation: [1, 1, 1]).metadata) { $1 }
        }
        let wide = try workplace.run("evaluate", "tiny.braid", "--weights", "wide.safetensors", "--data", "mnist:data")
        #expect(
            wide.status == 1 && wide.errors.contains("the weights are for pictures of 3 channels, but 'tiny' takes 1"), "\(wide.errors)")
    }

    /// A training goes on with the network and the arithmetic that it began with, or says that it cannot tell.
    @Test func resumesTheSameNetworkOnly() throws {
        try workplace.write(Workplace.tiny(rate: "", schedule: "constant(0.003)"), to: "tiny.braid")
        #expect(try train("out", "--epochs", "1").status == 0)
        let resume = ["--resume", "out.checkpoint.safetensors", "--epochs", "2"]
        func result(_ more: [String], _ output: String = "x") throws -> CommandResult {
            try workplace.run(["train", "tiny.braid", "--data", "mnist:data", "-o", output] + more)
        }
        let strict = try result(resume + ["--numerics", "strict"])
        #expect(
            strict.status == 1 && strict.errors.contains("made with --numerics default, but this training has strict"), "\(strict.errors)")
        let text = try String(contentsOfFile: workplace.path("tiny.braid"), encoding: .utf8)
        try workplace.write(text.replacing("relu", with: "tanh"), to: "tiny.braid")
        let other = try result(resume)
        #expect(other.status == 1 && other.errors.contains("made with another text of 'tiny', or with another -D"), "\(other.errors)")
        #expect(other.errors.contains("--weights out.checkpoint.safetensors in place of --resume"))
        #expect(!FileManager.default.fileExists(atPath: workplace.path("x.safetensors")))
        // What does not change what is computed may change.
        try workplace.write("# A comment.\n" + text.replacing("    let features", with: "    # Here.\n    let features"), to: "tiny.braid")
        let same = try result(resume)
        #expect(same.status == 0 && !same.errors.contains("warning"), "\(same.errors)")
        // Checkpoints of earlier versions have no digest.
        try save("out.checkpoint.safetensors", as: "old.checkpoint.safetensors") { metadata in
            let identity = metadata["identity"] ?? ""
            metadata["identity"] = identity.replacing(#/"(graph|numerics)":"[^"]*",?/#, with: "")
        }
        let old = try result(["--resume", "old.checkpoint.safetensors", "--epochs", "2"], "y")
        #expect(
            old.status == 0
                && old.errors.contains("warning: the checkpoint is of an earlier version: that the network's text and --numerics"))
        #expect(try workplace.bytes("y.safetensors") == workplace.bytes("x.safetensors"))
    }

    /// A history that no training can have had is damage; it is drawn at the end.
    @Test func refusesHostileHistories() throws {
        try workplace.write(Workplace.tiny(rate: "", schedule: "constant(0.003)"), to: "tiny.braid")
        #expect(try train("out", "--epochs", "1").status == 0)
        let changes = [
            ("\"loss\":", "\"loss\":1e308,\"was\":"), ("\"epoch\":1", "\"epoch\":4611686018427387904"),
            ("\"epochs\":[{", "\"epochs\":[],\"were\":[{"),
        ]
        for (part, replacement) in changes {
            try save("out.checkpoint.safetensors", as: "bad.safetensors") {
                $0["state"] = ($0["state"] ?? "").replacing(part, with: replacement)
            }
            let result = try train("x", "--epochs", "2", "--resume", "bad.safetensors")
            #expect(result.status == 1 && result.errors.contains("the checkpoint is damaged"), "\(replacement): \(result.errors)")
        }
    }

    @Test func noticesFlippedBits() throws {
        #expect(try train("out", "--epochs", "1").status == 0)
        for name in ["out.safetensors", "out.checkpoint.safetensors"] {
            var bytes = try workplace.bytes(name)
            bytes[bytes.count - 100] ^= 4
            try bytes.write(to: URL(filePath: workplace.path("flipped.safetensors")))
            let more = name.contains("checkpoint") ? ["train", "-o", "x", "--epochs", "1", "--resume"] : ["evaluate", "--weights"]
            let result = try workplace.run([more[0], "tiny.braid", "--data", "mnist:data"] + more[1...] + ["flipped.safetensors"])
            #expect(result.status == 1 && result.errors.contains("flipped.safetensors, tensor"), "\(result.errors)")
        }
    }

    /// Weights of other classes: all but the last layer.
    @Test func startsFromPartsOfWeights() throws {
        #expect(try train("out", "--epochs", "3").status == 0)
        let more = [
            "train", "tiny.braid", "-D", "classes=12", "--data", "mnist:data", "-o", "tuned", "--epochs", "1", "--weights",
            "out.safetensors",
        ]
        let refused = try workplace.run(more)
        #expect(refused.status == 1 && refused.errors.contains("a training may leave some out with --except"), "\(refused.errors)")
        let tuned = try workplace.run(more + ["--except", "fc.*"])
        #expect(
            tuned.status == 0 && tuned.errors.contains("note: not from out.safetensors, but as at the start: fc.weight, fc.bias"),
            "\(tuned.errors)")
        #expect(try Safetensors(path: workplace.path("tuned.safetensors"))["fc.bias"]?.shape == [12])
        let none = try workplace.run(more + ["--except", "fc.*", "--except", "head.*"])
        #expect(none.status == 1 && none.errors.contains("'tiny' has no parameter --except 'head.*'"), "\(none.errors)")
        let alone = try train("x", "--except", "fc.*")
        #expect(alone.status == 2 && alone.errors.contains("give both"), "\(alone.errors)")
    }
    // MARK: Other formats and names

    /// Writes the weights of one epoch with another prefix, and as an archive.
    private func writeForeign() throws {
        #expect(try train("out", "--epochs", "1").status == 0)
        #expect(try workplace.run("weights", "convert", "out.safetensors", "foreign.safetensors", "--map", "*=net.*").status == 0)
        #expect(
            try workplace.run("weights", "convert", "out.safetensors", "out.npz").errors.contains("note: .npz archives have no metadata"))
        try workplace.writeOnes(to: "x.npy")
    }

    @Test func takesWeightsOfOtherFormatsAndNames() throws {
        try writeForeign()
        func result(_ weights: String, _ more: String...) throws -> CommandResult {
            try workplace.run(["run", "tiny.braid", "--weights", weights, "--input", "x.npy"] + more)
        }
        let own = try result("out.safetensors")
        #expect(own.status == 0 && own.errors.isEmpty, "\(own.errors)")
        #expect(try result("out.npz").output == own.output)
        let mapped = try result("foreign.safetensors", "--map", "net.*=*")
        #expect(mapped.status == 0 && mapped.output == own.output, "\(mapped.errors)")
        let refused = try result("foreign.safetensors")
        #expect(refused.status == 1, "\(refused.errors)")
        for part in [
            "these weights are not of this network", "first.weight (there is net.first.weight)", "unknown to the network:",
            "they are called otherwise: give --map 'net.*=*'",
        ] {
            #expect(refused.errors.contains(part), "\(part): \(refused.errors)")
        }
        let index = "{\"metadata\": {}, \"weight_map\": {\"fc.weight\": \"out.safetensors\", \"fc.bias\": \"missing.safetensors\"}}"
        try workplace.write(index, to: "model.safetensors.index.json")
        let missing = try result("model.safetensors.index.json")
        #expect(missing.status == 1 && missing.errors.contains("missing: missing.safetensors"), "\(missing.errors)")
        let misspelt = try result("foreign.safetensors", "--map", "nat.*=*")
        #expect(misspelt.status == 1 && misspelt.errors.contains("did you mean 'net.*'?"), "\(misspelt.errors)")
        let checkpoint = try train("x", "--resume", "out.npz")
        #expect(
            checkpoint.status == 1
                && checkpoint.errors.contains("an .npz archive of arrays, not safetensors"), "\(checkpoint.errors)")
    }

    /// A file of PyTorch with the weights of the tiny network in a checkpoint, which torch wrote (Cases/tiny_checkpoint.py).
    @Test func takesCheckpointsOfPyTorch() throws {
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Cases/tiny_checkpoint.pth")
        try FileManager.default.copyItem(atPath: source.path, toPath: workplace.path("net.pth"))
        try workplace.writeOnes(to: "x.npy")
        let result = try workplace.run(
            "run", "tiny.braid", "--weights", "net.pth", "--map", "module.*=*", "--input", "x.npy", "--output-dir", "results")
        #expect(result.status == 0 && result.errors.contains("note: net.pth: the weights are those under 'state_dict'"), "\(result.errors)")
        let expected = try NumPy.read(source.deletingLastPathComponent().appendingPathComponent("tiny_checkpoint.npy").path)
        let found = try NumPy.read(workplace.path("results/logits.npy"))
        #expect(found.shape == expected.shape)
        for (one, other) in zip(found.floats, expected.floats) { #expect(abs(one - other) < 1e-4, "\(found.floats) \(expected.floats)") }
        let tuned = try workplace.run(
            "train", "tiny.braid", "--data", "mnist:data", "-o", "tuned", "--epochs", "1", "--weights", "net.pth", "--map", "module.*=*",
            "-q")
        #expect(tuned.status == 0, "\(tuned.errors)")
    }

    @Test func listsWeights() throws {
        try writeForeign()
        for arguments in [["weights", "out.safetensors"], ["weights", "list", "out.safetensors"]] {
            let listed = try workplace.run(arguments)
            #expect(listed.status == 0 && listed.output.hasPrefix("tensor"), "\(listed.errors)")
            for part in ["fc.weight", "[10, 512]", "f32", "7 tensors", "(safetensors)", "network: tiny"] {
                #expect(listed.output.contains(part), "\(part): \(listed.output)")
            }
        }
        let record = try workplace.run("weights", "out.npz", "--statistics", "--json").json()
        #expect(record["format"] as? String == "npz")
        let tensors = try #require(record["tensors"] as? [[String: Any]])
        let bias = try #require(tensors.first { $0["name"] as? String == "fc.bias" })
        #expect(bias["shape"] as? [Int] == [10] && bias["bytes"] as? Int == 40 && bias["type"] as? String == "f32")
        #expect((bias["statistics"] as? [String: Any])?["not_finite"] as? Int == 0)
        let text = try workplace.run("weights", "out.safetensors", "--statistics")
        #expect(text.output.contains("deviation") && text.output.contains("not finite"))
    }

    @Test func comparesWeights() throws {
        try writeForeign()
        let same = try workplace.run("weights", "compare", "out.safetensors", "out.npz")
        #expect(same.status == 0 && same.output == "7 tensors in both, with the same values\n", "\(same.output)\(same.errors)")
        let foreign = try workplace.run("weights", "compare", "foreign.safetensors", "out.safetensors", "--map", "net.*=*")
        #expect(foreign.status == 0, "\(foreign.errors)")
        let other = try workplace.run("weights", "compare", "foreign.safetensors", "out.safetensors")
        #expect(other.status == 1 && other.output.contains("only in foreign.safetensors:\n  net."), "\(other.output)")
        #expect(try workplace.run("weights", "convert", "out.safetensors", "half.safetensors", "--type", "bf16").status == 0)
        let rounded = try workplace.run("weights", "compare", "out.safetensors", "half.safetensors")
        #expect(
            rounded.status == 1 && rounded.output.contains("of 7 tensors in both differ: the largest difference is"), "\(rounded.output)")
        let near = try workplace.run("weights", "compare", "out.safetensors", "half.safetensors", "--tolerance", "0.1")
        #expect(near.status == 0 && near.output.contains("which differ by no more than 0.1"), "\(near.output)")
        let record = try workplace.run("weights", "compare", "out.safetensors", "half.safetensors", "--json")
        #expect(record.status == 1)
        #expect(try record.json()["differs"] as? Bool == true)
    }

    @Test func prunesWeights() throws {
        try writeForeign()
        let kept = try workplace.run("weights", "prune", "out.safetensors", "fc.safetensors", "--keep", "fc.*")
        #expect(kept.status == 0 && kept.output == "wrote fc.safetensors: 2 tensors, 20.0 KiB\n", "\(kept.output)\(kept.errors)")
        let file = try Safetensors(path: workplace.path("fc.safetensors"))
        #expect(Set(file.entries.map(\.name)) == ["fc.weight", "fc.bias"] && file.metadata["network"] == "tiny")
        let dropped = try workplace.run(
            "weights", "prune", "out.safetensors", "body.npz", "--drop", "fc.*", "--drop", "*.bias", "--compress", "--json")
        #expect(try dropped.json()["tensors"] as? Int == 4)
        let nothing = try workplace.run("weights", "prune", "out.safetensors", "x.npz", "--drop", "*")
        #expect(nothing.status == 1 && nothing.errors.contains("nothing is left of out.safetensors"), "\(nothing.errors)")
        let misspelt = try workplace.run("weights", "prune", "out.safetensors", "x.npz", "--keep", "fc.wieght")
        #expect(misspelt.status == 1 && misspelt.errors.contains("did you mean 'fc.weight'?"), "\(misspelt.errors)")
        #expect(try !workplace.names().contains("x.npz"))
    }
}
