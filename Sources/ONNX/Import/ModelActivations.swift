import Graph
import Language
import Synchronization

/// The scalar functions of ONNX's element-wise operators, as activations of the language: those of its prelude where they mean the same, and
/// those that are written here. So a formula stands in one place, and what is imported is computed by the same kernels as what was written.
enum ModelActivations {
    /// What the prelude lacks. The rounding is that of IEEE 754, ties to even; a product that is taken from something is rounded once with the
    /// difference (`KernelBuilder.emit`), so that what a division leaves is exact.
    private static let text = """
        activation round_up(x) = -floor(-x)
        activation truncate(x) = if x < 0 { -floor(-x) } else { floor(x) }
        activation round_to_even(x) = if x - floor(x) < 0.5 { floor(x) } else if x - floor(x) > 0.5 { floor(x) + 1 } else { 2 * floor(x / 2 + 0.5) }
        activation sign_of(x) = if x > 0 { 1 } else if x < 0 { -1 } else { x }
        activation is_nan(x) = if x == x { 0 } else { 1 }
        activation is_not_zero(x) = if x == 0 { 0 } else { 1 }
        activation negated(x) = 1 - x
        activation both(x, y) = x * y
        activation either(x, y) = maximum(x, y)
        activation exclusive_either(x, y) = abs(x - y)
        activation whole_modulo(x, y) = x - y * floor(x / y)
        activation whole_remainder(x, y) = x - y * truncate(x / y)
        activation whole_quotient(x, y) = truncate(x / y)
        activation left_over(x, y, z) = if abs(z) <= 3.4028234663852886e38 { x - y * z } else { x + x / z }
        activation within_divisor(x, y, z) = if z < 0 { if x > 0 { x - abs(y) } else if x <= -abs(y) { x + abs(y) } else { x } } else if x < 0 { x + abs(y) } else if x >= abs(y) { x - abs(y) } else { x }
        activation signed_as_divisor(x, y) = if x < 0 { if y > 0 { x + y } else { x } } else if x > 0 { if y < 0 { x + y } else { x } } else { x }
        activation widened(x) = x * 8388608
        activation unless_far(x, y, z) = if abs(y / z) < 140737488355328 { x } else { (y - y) / (y - y) }
        activation quotient(x, y) = if x / y < 0 { -floor(-(x / y)) } else { floor(x / y) }
        activation clip(x, low = 0.0, high = 1.0) = minimum(maximum(x, low), high)
        activation scaled_elu(x, alpha = 1.0, gamma = 1.0) = gamma * (if x > 0 { x } else { alpha * expm1(x) })
        activation linear_sigmoid(x, alpha = 0.2, beta = 0.5) = maximum(minimum(alpha * x + beta, 1), 0)
        activation above(x, alpha = 1.0) = if x > alpha { x } else { 0 }
        activation shrink(x, bias = 0.0, lambda = 0.5) = if x < -lambda { x + bias } else if x > lambda { x - bias } else { 0 }
        activation quantized(x, low = 0.0, high = 255.0) = minimum(maximum(round_to_even(x), low), high)
        """

    private static let made = Mutex<[String: ScalarFunction]>([:])

    /// The function that a call of an activation is, such as `leaky_relu(x, 0.2)`; tensors are `x`, `y` and `z`.
    ///
    /// Throws where a number in it is none of the language's, as one that is not finite.
    static func function(_ call: String) throws(ImportFault) -> ScalarFunction {
        if let known = made.withLock({ $0[call] }) { return known }
        let source = """
            \(text)
            network function {
                input x: f32[8]
                input y: f32[8]
                input z: f32[8]
                output result = \(call)
            }
            """
        let program = Program.load(path: "<onnx>", text: source) { _ in nil }
        let (network, diagnostics) = program.elaborate(nil)
        let nodes = network?.graph.nodes.filter { $0.operation != nil } ?? []
        guard nodes.count == 1, case .function(let function)? = nodes[0].attributes["function"] else {
            throw .unsupported("'\(call)': \(diagnostics.first?.message ?? "this is no function of elements")")
        }
        made.withLock { $0[call] = function }
        return function
    }

    /// A number as the language writes it.
    static func text(_ number: Double) -> String { "\(number)" }
}
