import Foundation
import TestSupport
import Testing

/// `braid evaluate` of what is not the class of a picture: the training's loss and metric, with what goes into them.
@Suite struct EvaluateTargetsTests {
    private let workplace: Workplace
    private static let graphs = Golden.root.appending(path: "graphs").path

    init() throws { workplace = try Workplace() }

    /// Trains for an epoch, and evaluates; checks that loss and metric are those of the training's last epoch.
    private func judged(_ network: String, data: String = "builtin:shapes", _ more: [String] = []) throws -> [String: Any] {
        let path = network.hasSuffix(".braid") ? network : "\(Self.graphs)/\(network)"
        let trained = try workplace.run(["train", path, "--data", data, "--epochs", "1", "-o", "out", "--json"])
        #expect(trained.status == 0, "\(trained.errors)")
        let history = try trained.json()
        // Another batch, which leaves a rest behind whole ones.
        let text = try workplace.run(["evaluate", path, "--weights", "out.safetensors", "--data", data, "--batch", "48"] + more)
        #expect(text.status == 0, "\(text.errors)")
        #expect(text.output.contains("held-out pictures\n") && text.output.contains("loss "), "\(text.output)")
        let result = try workplace.run(["evaluate", path, "--weights", "out.safetensors", "--data", data, "--json"] + more)
        let record = try result.json()
        #expect(record["metric"] as? String == history["metric"] as? String)
        if let value = history["value"] as? Double {
            #expect(abs((record["value"] as? Double ?? 100) - value) < 1e-4 * abs(value), "\(record["value"] ?? "none") is not \(value)")
        }
        let table = try String(contentsOfFile: workplace.path("out.epochs.csv"), encoding: .utf8).split(separator: "\n")
        let column = try #require(table[0].split(separator: ",").firstIndex(of: "held_out_loss"))
        let loss = try #require(Double(table[1].split(separator: ",")[column]))
        #expect(abs((record["loss"] as? Double ?? 100) - loss) < 1e-4 * abs(loss), "\(record["loss"] ?? "none") is not \(loss)")
        return record
    }

    private func classes(_ record: [String: Any]) throws -> [[String: Any]] { try #require(record["classes"] as? [[String: Any]]) }

    @Test func tellsOfSeveralClasses() throws {
        let record = try judged("shapes.braid:shape_kinds")
        let classes = try classes(record)
        #expect(classes.map { $0["name"] as? String } == ["disc", "square", "cross", "ring"])
        #expect(classes.allSatisfy { (0.5...1).contains($0["f1"] as? Double ?? 0) && (0.5...1).contains($0["accuracy"] as? Double ?? 0) })
        // F1 over all classes together lies among theirs.
        let scores = classes.compactMap { $0["f1"] as? Double }
        let value = try #require(record["value"] as? Double)
        #expect(scores.min()! <= value && value <= scores.max()!)
    }

    @Test func tellsOfNumbers() throws {
        let record = try judged("shapes.braid:shape_place")
        let numbers = try #require(record["numbers"] as? [[String: Any]])
        #expect(numbers.map { $0["name"] as? String } == ["x", "y"])
        let errors = numbers.compactMap { $0["mean_absolute_error"] as? Double }
        #expect(abs(errors.reduce(0, +) / 2 - (record["value"] as? Double ?? 0)) < 1e-5)
        #expect(zip(numbers, errors).allSatisfy { ($0["root_mean_square_error"] as? Double ?? 0) >= $1 })
    }

    @Test func tellsOfPixels() throws {
        let record = try judged("shapes.braid:shape_map")
        let classes = try classes(record)
        #expect(classes.map { $0["name"] as? String } == ["background", "disc", "square", "cross", "ring"])
        #expect(classes.reduce(0) { $0 + ($1["support"] as? Int ?? 0) } == 1000 * 1024)
        let overlaps = classes.compactMap { $0["intersection_over_union"] as? Double }
        #expect(overlaps.count == 5 && overlaps[0] > 0.9)
        #expect(abs(overlaps.reduce(0, +) / 5 - (record["mean_intersection_over_union"] as? Double ?? 0)) < 1e-9)
        // Recall weighted by the pixels is the accuracy.
        let right = classes.reduce(0) { $0 + Double($1["support"] as? Int ?? 0) * ($1["recall"] as? Double ?? 0) }
        #expect(abs(right / 1_024_000 - (record["value"] as? Double ?? 0)) < 1e-4)
    }

    @Test(arguments: ["shape_autoencoder", "shape_enlarged"]) func tellsOfPictures(network: String) throws {
        let record = try judged("shapes.braid:\(network)")
        let (error, noise) = (record["mean_absolute_error"] as? Double, record["peak_signal_to_noise"] as? Double)
        // The noise in the pictures, 0.07 of their range, is as good as nobody can tell.
        #expect((0.01...0.2).contains(error ?? 0) && (12...40).contains(noise ?? 0), "\(error ?? 0) \(noise ?? 0)")
    }

    @Test func tellsOfPairs() throws {
        let record = try judged("similarity.braid:digit_siamese", data: "builtin:digits")
        let same = try classes(record)
        #expect(same.count == 1 && same[0]["name"] as? String == "the same")
        #expect(abs((same[0]["f1"] as? Double ?? 0) - (record["value"] as? Double ?? 1)) < 1e-6)
        #expect((900...1100).contains(same[0]["support"] as? Int ?? 0))
        let triplets = try judged("similarity.braid:digit_triplet", data: "builtin:digits")
        #expect(triplets["metric"] == nil && triplets["classes"] == nil && triplets["count"] as? Int == 2000)
    }

    @Test func refusesWhatIsOfClassifiers() throws {
        let path = "\(Self.graphs)/shapes.braid:shape_place"
        for (option, values) in [("--out", ["x"]), ("--confusion", ["x.png"]), ("--top-losses", ["x.png"]), ("--precision auto", [])] {
            let given = option.split(separator: " ").map(String.init) + values
            try workplace.write("no weights", to: "w.safetensors")
            let result = try workplace.run(["evaluate", path, "--weights", "w.safetensors", "--data", "builtin:shapes"] + given)
            #expect(result.status == 1, "\(option)")
            #expect(
                result.errors.contains("is for networks that tell the class of a picture, which 'shape_place' does not"), "\(result.errors)"
            )
        }
    }
}
