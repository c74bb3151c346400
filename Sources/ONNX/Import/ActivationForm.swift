import Graph

/// One of ONNX's functions of an element, and the activation of the language that it is (`ModelActivations`): models are read and written by
/// this one table. Those whose attributes decide which activation it is have rules of their own.
struct ActivationForm: Sendable {
    let name: String
    let activation: String
    /// The attributes that are the activation's numbers, in its order, with the defaults that ONNX has.
    let numbers: [(attribute: String, standard: Double)]

    init(_ name: String, _ activation: String, _ numbers: [(attribute: String, standard: Double)] = []) {
        self.name = name
        self.activation = activation
        self.numbers = numbers
    }

    static let all: [ActivationForm] = [
        ActivationForm("Relu", "relu"), ActivationForm("Sigmoid", "sigmoid"), ActivationForm("Tanh", "tanh"),
        ActivationForm("Softplus", "softplus"), ActivationForm("Softsign", "softsign"), ActivationForm("Mish", "mish"),
        ActivationForm("HardSwish", "hard_swish"), ActivationForm("Abs", "abs"), ActivationForm("Exp", "exp"), ActivationForm("Log", "log"),
        ActivationForm("Sqrt", "sqrt"), ActivationForm("Reciprocal", "reciprocal"), ActivationForm("Floor", "floor"),
        ActivationForm("Ceil", "round_up"), ActivationForm("Round", "round_to_even"), ActivationForm("Sign", "sign_of"),
        ActivationForm("Erf", "erf"),
        ActivationForm("LeakyRelu", "leaky_relu", [("alpha", 0.01)]), ActivationForm("Elu", "elu", [("alpha", 1)]),
        ActivationForm("Celu", "celu", [("alpha", 1)]), ActivationForm("ThresholdedRelu", "above", [("alpha", 1)]),
        ActivationForm("Shrink", "shrink", [("bias", 0), ("lambd", 0.5)]),
    ]

    /// The function of an element with these numbers; throws where one is none of the language's.
    func function(_ values: [Double] = []) throws(ImportFault) -> ScalarFunction {
        try ModelActivations.function("\(activation)(\((["x"] + values.map(ModelActivations.text)).joined(separator: ", ")))")
    }
}

extension ImportRule {
    /// Functions of one element, by their table.
    static let ofActivations: [ImportRule] = ActivationForm.all.map { form in
        ImportRule(form.name) { (scope) throws(ImportFault) in
            try scope.requireFloating()
            return try scope.result(
                scope.map(form.function(form.numbers.map { scope.shortNumber($0.attribute, default: $0.standard) }), [scope.value(0)]))
        }
    }
}
