import Graph
import Operators
import Passes
import TestSupport
import Testing

@Suite struct HostileTextTests {
    /// Printed networks with characters changed, numbers replaced and lines lost are refused or compiled, never more.
    @Test(arguments: 0..<4) func survivesMutilation(seed: Int) throws {
        let isTraining = seed % 2 == 1
        let network = RandomNetwork.make(seed: seed, training: isTraining, batch: nil)
        let stages = [network.text(), try Pipeline.inference.run(network, PassContext(mode: .inference, lanes: 8)).text()]
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
