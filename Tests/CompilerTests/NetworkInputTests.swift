import Compiler
import Foundation
import Graph
import Interchange
import Operators
import Testing

/// What arrays of integers become, where a network computes with them.
@Suite struct NetworkInputTests {
    private func read(_ integers: [Int32], as element: ElementType, of graph: Graph) throws -> NetworkInput {
        let path = FileManager.default.temporaryDirectory.appending(path: "integers-\(UUID().uuidString).npy").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try NumPy.write(HostTensor(name: "x", shape: [integers.count], int32s: integers), to: path)
        let type = TensorType(element, [.fixed(integers.count)])
        let input = try NetworkInput("x", type, symbol: nil, paths: [path], normalization: nil)
        try input.requireClasses(of: graph, path: path)
        return input
    }

    /// f32 has no 2^24 + 1: it is refused where it would be rounded, also where it comes as an integer that nothing looks up.
    @Test(arguments: [ElementType.f32, .i32]) func integersThatWouldBeRoundedAreRefused(element: ElementType) throws {
        let builder = GraphBuilder(name: "numbers")
        let x = builder.input("x", TensorType(element, [2]))
        builder.output("y", builder.map("number", [("x", x)], .argument(0)))
        let graph = builder.finish()
        #expect(try read([1 << 24, -3], as: element, of: graph).values.doubles == [16_777_216, -3])
        let error = try #require(throws: InterchangeError.self) { _ = try read([5, 1 << 24 + 1], as: element, of: graph) }
        #expect(error.finding.contains("the integer 16777217, and f32"))
    }
}
