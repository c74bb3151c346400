import Graph
import Operators
import Passes
import Recipes
import TestSupport
import Testing

@Suite struct HostileTextTests {
    /// Printed networks with characters changed, numbers replaced and lines lost are refused or compiled, never more.
    @Test(arguments: 0..<4) func survivesMutilation(seed: Int) throws {
        let isTraining = seed % 2 == 1
        let network = RandomNetwork.make(seed: seed, training: isTraining, batch: nil)
        let precision: Precision = seed < 2 ? .f32 : .bf16
        let stages = [
            network.text(), try Pipeline.inference.run(network, PassContext(mode: .inference, lanes: 8, precision: precision)).text(),
        ]
        var random = SplitMix(seed: seed)
        var accepted = 0
        for round in 0..<200 {
            let text = mutilated(stages[round % 2], &random)
            guard let graph = try? Graph(reading: text, catalog: .standard) else { continue }
            accepted += 1
            #expect(graph.violations().isEmpty)
            #expect(try Graph(reading: graph.text(), catalog: .standard) == graph)
            _ = try? Pipeline.inference.run(graph, PassContext(mode: .inference, lanes: 8))
            _ = try? Pipeline.training.run(graph, PassContext(mode: .training, lanes: 8, recipe: TrainingRecipe()))
        }
        #expect(accepted > 5)
    }

    /// Values lie only where a concatenation would put them, in whole blocks of what a kernel stores.
    @Test(arguments: [
        ("in %3 axis 1 at 0", true), ("in %3 axis 1 at 8", false), ("in %3 axis 2 at 0", false), ("in %3 axis 1 at 4", false),
        ("in %1 axis 1 at 0", false), ("in %0 axis 1 at 0", false), ("in %2 axis 1 at 0", false), ("in %9 axis 1 at 0", false),
    ])
    func readsPossiblePlacesOnly(place: String, isPossible: Bool) throws {
        let text = """
            graph places {
              %0 = input x : f32[2, 8, 3, 3]
              %1 = map(%0) function=relu(x) = max(x, 0) : f32[2, 8, 3, 3] blocked(1:8) group 0 \(place)
              %2 = map(%0) function=negative(x) = -x : f32[2, 8, 3, 3] blocked(1:8) group 1
              %3 = concat(%1, %2) : f32[2, 16, 3, 3] blocked(1:8) group 2
              output y = %3
            }
            """
        if isPossible {
            let graph = try Graph(reading: text, catalog: .standard)
            #expect(graph.violations().isEmpty)
            #expect(try Graph(reading: graph.text(), catalog: .standard) == graph)
        } else {
            #expect(throws: TextError.self) { try Graph(reading: text, catalog: .standard) }
        }
    }

    /// Only what operations compute in f32 is rounded, to what f32 can be rounded to, and no output.
    @Test(arguments: [
        ("%1 = map(%0) function=relu(x) = max(x, 0) : f32[2, 8] stored bf16 factors bf16", true),
        ("%1 = map(%0) function=relu(x) = max(x, 0) : f32[2, 8] stored i8", false), ("%1 = input z : f32[2, 8] stored bf16", false),
        ("%1 = weight z zeros : f32[2, 8] factors bf16", false),
    ])
    func readsPossibleRoundingsOnly(line: String, isPossible: Bool) throws {
        func text(output: String) -> String {
            """
            graph rounded {
              %0 = input x : f32[2, 8]
              \(line)
              %2 = map(%1) function=negative(x) = -x : f32[2, 8]
              output y = \(output)
            }
            """
        }
        guard isPossible else {
            #expect(throws: TextError.self) { try Graph(reading: text(output: "%2"), catalog: .standard) }
            return
        }
        let graph = try Graph(reading: text(output: "%2"), catalog: .standard)
        #expect(graph.violations().isEmpty)
        #expect(try Graph(reading: graph.text(), catalog: .standard) == graph)
        #expect(throws: TextError.self) { try Graph(reading: text(output: "%1"), catalog: .standard) }
        var rounded = graph
        rounded.outputs[0].value = Value(1)
        #expect(!rounded.violations().isEmpty)
        rounded = graph
        rounded[Value(0)].stored = .bf16
        #expect(!rounded.violations().isEmpty)
    }

    private func mutilated(_ text: String, _ random: inout SplitMix) -> String {
        var lines = text.split(separator: "\n").map(String.init)
        let index = Int.random(in: 0..<lines.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: lines.remove(at: index)
        case 1: lines.swapAt(index, Int.random(in: 0..<lines.count, using: &random))
        default:
            // One number of the line becomes another; failing that, one character.
            var parts = lines[index].split(omittingEmptySubsequences: false) { !$0.isNumber }.map(String.init)
            let separators = lines[index].filter { !$0.isNumber }.map(String.init)
            let numbers = parts.indices.filter { !parts[$0].isEmpty }
            if let place = numbers.randomElement(using: &random), Int.random(in: 0..<4, using: &random) != 0 {
                parts[place] = random.choose(["0", "1", "2", "3", "7", "16", "100", "65536", "2147483647", "99999999999"])
                lines[index] = parts.indices.map { parts[$0] + ($0 < separators.count ? separators[$0] : "") }.joined()
            } else {
                var characters = Array(lines[index])
                characters[Int.random(in: 0..<characters.count, using: &random)] = random.choose(Array("%()[]{}=,:.-#@\" xN0é"))
                lines[index] = String(characters)
            }
        }
        return lines.joined(separator: "\n")
    }
}
