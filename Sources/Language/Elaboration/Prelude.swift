import Source

/// The activations that every file can use, in the language itself.
public enum Prelude {
    /// What diagnostics call it.
    public static let name = "<prelude>"

    public static let text = """
        /// The rectifier: negative elements become zero (Nair & Hinton 2010).
        activation relu(x) = maximum(x, 0)

        /// The rectifier cut off at 6 (Howard et al., arXiv 1704.04861).
        activation relu6(x) = minimum(maximum(x, 0), 6)

        /// The rectifier with a small slope for negative elements (Maas et al. 2013).
        activation leaky_relu(x, slope = 0.01) = if x > 0 { x } else { slope * x }

        /// Exponential for negative elements, the identity for others (Clevert et al., arXiv 1511.07289).
        activation elu(x, alpha = 1.0) = if x > 0 { x } else { alpha * (exp(x) - 1) }

        /// elu with the slopes that keep means and variances (Klambauer et al., arXiv 1706.02515).
        activation selu(x) = 1.0507009873554805 * (if x > 0 { x } else { 1.6732632423543772 * (exp(x) - 1) })

        /// elu with a derivative that is continuous for every alpha (Barron, arXiv 1704.07483).
        activation celu(x, alpha = 1.0) = if x > 0 { x } else { alpha * (exp(x / alpha) - 1) }

        /// The logistic function 1 / (1 + exp(-x)).
        activation sigmoid(x) = 0.5 * tanh(0.5 * x) + 0.5

        /// log(sigmoid(x)), computed without overflow.
        activation log_sigmoid(x) = minimum(x, 0) - log(1 + exp(-abs(x)))

        /// log(1 + exp(x)), computed without overflow (Dugas et al. 2001).
        activation softplus(x) = maximum(x, 0) + log(1 + exp(-abs(x)))

        /// x / (1 + |x|) (Bergstra et al. 2009).
        activation softsign(x) = x / (1 + abs(x))

        /// x times the Gaussian distribution function (Hendrycks & Gimpel, arXiv 1606.08415).
        activation gelu(x) = 0.5 * x * (1 + erf(x * 0.7071067811865476))

        /// gelu by its tanh approximation.
        activation gelu_tanh(x) = 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))

        /// x * sigmoid(x), also called swish (Elfwing et al., arXiv 1702.03118).
        activation silu(x) = x * sigmoid(x)

        /// x * sigmoid(beta * x) (Ramachandran et al., arXiv 1710.05941).
        activation swish(x, beta = 1.0) = x * sigmoid(beta * x)

        /// x * tanh(softplus(x)) (Misra, arXiv 1908.08681).
        activation mish(x) = x * tanh(softplus(x))

        /// sigmoid by three straight lines (Howard et al., arXiv 1905.02244).
        activation hard_sigmoid(x) = minimum(maximum(x + 3, 0), 6) / 6

        /// swish with the hard sigmoid (Howard et al., arXiv 1905.02244).
        activation hard_swish(x) = x * hard_sigmoid(x)

        /// tanh by three straight lines.
        activation hard_tanh(x, low = -1.0, high = 1.0) = minimum(maximum(x, low), high)

        /// x where it exceeds the threshold, zero elsewhere.
        activation threshold(x, at = 0.0) = if x > at { x } else { 0 }

        /// exp(-x * x).
        activation gaussian(x) = exp(-x * x)

        """
}
