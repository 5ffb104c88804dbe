"""Texts of a shop, a clinic and a school, and what people ask them: written out, as on a phone, by a product's code, and in words that
stand nowhere in the answer. Written for this evaluation.
"""

from typing import NamedTuple


class Text(NamedTuple):
    key: str
    heading: str
    body: str


class Question(NamedTuple):
    """`kind`: how it is asked. `key`: of the text that answers it."""

    kind: str
    text: str
    key: str


TEXTS = [
    Text("troca", "Loja > Trocas", "Trocamos qualquer produto em até 30 dias depois da compra, com a etiqueta e a nota fiscal. Peças íntimas não têm troca."),
    Text("defeito", "Loja > Defeitos", "Produto com defeito de fabricação é consertado ou substituído em até 90 dias, sem custo para o cliente."),
    Text("frete", "Loja > Frete", "O frete é grátis para compras acima de R$ 200. Abaixo disso custa R$ 19 para a capital e R$ 29 para o interior."),
    Text("prazo", "Loja > Prazos de entrega", "Na capital a entrega leva dois dias úteis; no interior, cinco; em outros estados, até dez dias úteis."),
    Text("pagamento", "Loja > Pagamento", "Aceitamos Pix, boleto e cartão em até seis vezes sem juros. No Pix há desconto de 5%."),
    Text("horario", "Loja > Horário", "A loja abre de segunda a sábado, das 9h às 19h. Aos domingos e feriados ficamos fechados."),
    Text("retirada", "Loja > Retirada", "Quem compra pelo site pode retirar na loja da Rua das Flores, 120, sem pagar, a partir do dia seguinte."),
    Text("medidas", "Loja > Tamanhos", "Vestimos do PP ao G3. Para saber a medida, meça busto, cintura e quadril e compare com a tabela de cada peça."),
    Text("cancelar", "Loja > Cancelamento", "A compra pode ser cancelada em até sete dias, com devolução de todo o valor na mesma forma de pagamento."),
    Text("atacado", "Loja > Atacado", "Vendemos para revendedores a partir de 12 peças, com desconto de 30% e cadastro de CNPJ."),
    Text("ar", "Loja > Produtos", "Climatizador BRISA-410X, código CB-410X: três velocidades, reservatório de 6 litros, R$ 489."),
    Text("ventilador", "Loja > Produtos", "Ventilador de coluna TURBO-55, código VT-55B: 55 cm, seis pás, R$ 259."),
    Text("panela", "Loja > Produtos", "Panela de pressão elétrica, código PP-8820: 6 litros, timer de 24 horas, R$ 399."),
    Text("aspirador", "Loja > Produtos", "Aspirador vertical sem fio, código AV-8821: bateria de 40 minutos, R$ 599."),
    Text("luminaria", "Loja > Produtos", "Luminária de mesa LED, código LM-882: três tons de luz, base com carregador, R$ 129."),
    Text("consulta", "Clínica > Consultas", "A consulta particular com clínico geral custa R$ 180 e dura trinta minutos. O retorno em quinze dias não é cobrado."),
    Text("convenio", "Clínica > Convênios", "Atendemos Unimed, Bradesco Saúde e SulAmérica. Outros planos recebem recibo para reembolso."),
    Text("marcar", "Clínica > Agendamento", "Para marcar, diga o nome completo, a data de nascimento e o médico. Confirmamos por mensagem na véspera."),
    Text("desmarcar", "Clínica > Faltas", "Quem não puder vir deve desmarcar com 24 horas de antecedência; faltas sem aviso são cobradas pela metade."),
    Text("jejum", "Clínica > Exames", "Para o exame de glicose e colesterol é preciso jejum de doze horas. Água pode ser bebida à vontade."),
    Text("resultado", "Clínica > Resultados", "Os laudos ficam prontos em três dias úteis e são enviados em PDF por e-mail ou retirados na recepção com documento."),
    Text("crianca", "Clínica > Pediatria", "A pediatra atende crianças de zero a doze anos, às terças e quintas, sempre com um responsável."),
    Text("vacina", "Clínica > Vacinas", "Aplicamos vacinas da gripe e da hepatite aos sábados de manhã. Traga a carteira de vacinação."),
    Text("dentista", "Clínica > Odontologia", "A limpeza dos dentes custa R$ 150. Clareamento e aparelho são orçados na avaliação, que é gratuita."),
    Text("urgencia", "Clínica > Urgências", "Não temos pronto-socorro. Dor no peito, falta de ar ou febre muito alta: ligue 192 ou procure um hospital."),
    Text("estacionar", "Clínica > Como chegar", "Estamos a duas quadras do metrô Ana Rosa. Há vagas para carros no subsolo, com a primeira hora grátis."),
    Text("mensalidade", "Escola > Mensalidades", "A mensalidade do ensino fundamental é de R$ 950 e vence no dia 10. Irmãos têm desconto de 15%."),
    Text("matricula", "Escola > Matrícula", "Para matricular são necessários RG da criança, comprovante de residência, histórico escolar e duas fotos 3x4."),
    Text("uniforme", "Escola > Uniforme", "O uniforme é obrigatório e vendido na secretaria: camiseta R$ 45, calça R$ 70, agasalho R$ 120."),
    Text("merenda", "Escola > Alimentação", "O almoço está incluído no período integral. Alergias devem ser avisadas por escrito à nutricionista."),
    Text("ferias", "Escola > Calendário", "As aulas começam em 3 de fevereiro. O recesso de julho vai do dia 6 ao dia 20."),
    Text("bolsa", "Escola > Bolsas", "Famílias com renda de até três salários mínimos podem pedir bolsa de estudo até 30 de novembro."),
    Text("ingles", "Escola > Idiomas", "O inglês é ensinado todos os dias desde o primeiro ano; o espanhol começa no sexto."),
    Text("onibus", "Escola > Transporte", "O transporte escolar é feito por vans credenciadas, que buscam em casa nos bairros vizinhos por R$ 280 ao mês."),
    Text("reuniao", "Escola > Famílias", "A reunião de pais acontece a cada bimestre, em um sábado, e as notas são entregues nela."),
    Text("celular", "Escola > Regras", "Telefones ficam guardados na mochila durante as aulas; o uso só é permitido no intervalo do ensino médio."),
]  # fmt: skip

_WRITTEN = {
    "troca": "Qual é o prazo para trocar uma peça de roupa?", "defeito": "O que acontece se o produto vier com defeito de fabricação?",
    "frete": "A partir de que valor o frete é gratuito?", "prazo": "Quantos dias úteis demora a entrega no interior?",
    "pagamento": "Posso parcelar a compra no cartão de crédito?", "horario": "Que horas a loja fecha no sábado?",
    "retirada": "Posso comprar no site e buscar na loja?", "cancelar": "Como cancelo uma compra e recebo o dinheiro de volta?",
    "consulta": "Quanto custa uma consulta particular?", "convenio": "A clínica atende pelo plano da Unimed?",
    "jejum": "Preciso estar em jejum para o exame de colesterol?", "resultado": "Em quanto tempo ficam prontos os laudos?",
    "desmarcar": "Com que antecedência devo desmarcar a consulta?", "vacina": "Em que dia vocês aplicam a vacina da gripe?",
    "mensalidade": "Qual é o valor da mensalidade do ensino fundamental?", "matricula": "Quais documentos são necessários para a matrícula?",
    "uniforme": "Onde se compra o uniforme da escola?", "bolsa": "Até quando posso pedir bolsa de estudo?",
}  # fmt: skip
_PHONE = {
    "troca": "oi qto tempo tenho pra troca um produto", "defeito": "meu produto veio c defeito e agr", "frete": "qnto é o frete pro interior",
    "prazo": "oi qts dias uteis pra entrega na capital", "pagamento": "vcs aceitam pix ou so cartao", "horario": "vc abrem domingo??",
    "medidas": "oi qual tamanho vcs tem do pp ao g3", "atacado": "vcs vendem pra revendedor qnts pecas", "consulta": "oii qto ta a consulta particular",
    "marcar": "queria marca com o medico oq precisa", "jejum": "precisa de jejum pro exame d glicose", "dentista": "qnto custa limpeza dos dente",
    "crianca": "q dia a pediatra atende", "estacionar": "tem vaga pra carro ai", "mensalidade": "bom dia qdo vence a mensalidade",
    "ferias": "qdo comeca as aula", "onibus": "vcs tem van q busca em casa", "reuniao": "qdo vai ser a reuniao dos pais",
}  # fmt: skip
_CODES = {
    "ar": "vcs tem o cb-410x?", "ventilador": "quanto custa o VT-55B", "panela": "oi tem PP-8820 em estoque", "aspirador": "preço do av-8821",
    "luminaria": "LM-882 ainda vende?",
}  # fmt: skip
_MEANING = {
    "ar": "aparelho pra refrescar o quarto", "cancelar": "me arrependi, quero meu dinheiro de volta", "urgencia": "estou passando muito mal agora",
    "retirada": "dá para pegar pessoalmente?", "merenda": "meu filho come aí?", "celular": "pode levar smartphone?",
    "desmarcar": "não vou conseguir ir amanhã", "bolsa": "não consigo pagar tudo, tem ajuda?",
}  # fmt: skip

QUESTIONS = [
    Question(kind, text, key)
    for kind, asked in (("written", _WRITTEN), ("phone", _PHONE), ("code", _CODES), ("meaning", _MEANING))
    for key, text in asked.items()
]
