"""What a good colleague would say from a passage, and what stands in none: sentences as models write them."""

from typing import NamedTuple


class Talk(NamedTuple):
    """`right`: answers that the passage proves, each whole; `wrong`: answers that it does not, a word or a figure beside it."""

    passage: str
    question: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]


TALKS = (
    Talk(
        "Trocas e devoluções\nTrocamos qualquer produto em até 30 dias, com a nota fiscal. Peças íntimas não são trocadas. O frete da primeira troca é por nossa conta.",
        "Comprei um vestido e não serviu, posso trocar?",
        (
            "Pode sim! Trocamos em até 30 dias, é só trazer a nota fiscal.",
            "Claro! A troca pode ser feita em até 30 dias com a nota fiscal, e o frete da primeira troca é por nossa conta.",
            "Você tem 30 dias para trocar, desde que tenha a nota fiscal.",
            "Sim, trocamos qualquer produto em até 30 dias. Só não trocamos peças íntimas.",
            "Sem problema! Na primeira troca você não paga o frete.",
            "O prazo para troca é de 30 dias. Você ainda tem a nota fiscal?",
        ),
        (
            "Pode sim! Trocamos em até 90 dias, é só trazer a nota fiscal.",
            "Sim, trocamos em até 30 dias, mesmo sem a nota fiscal.",
            "Trocamos peças íntimas também.",
            "O frete de todas as trocas é por nossa conta, e devolvemos o dinheiro na hora.",
            "Você pode trocar em qualquer loja parceira.",
            "Não trocamos vestidos.",
        ),
    ),
    Talk(
        "Entrega\nEntregamos em São Paulo em dois dias úteis e no interior em cinco dias. O frete é grátis para compras acima de R$ 200. Abaixo disso custa R$ 19,90.",
        "Quanto tempo demora e quanto custa o frete para a capital?",
        (
            "Para São Paulo a entrega leva dois dias úteis.",
            "Em São Paulo chega em 2 dias úteis, e o frete sai por R$ 19,90.",
            "O frete custa R$ 19,90, mas é grátis nas compras acima de R$ 200!",
            "A entrega em São Paulo é feita em dois dias úteis. Se a compra passar de R$ 200, o frete é grátis.",
            "Comprando mais de R$ 200 você não paga frete.",
            "No interior demora um pouco mais: cinco dias.",
        ),
        (
            "Em São Paulo chega em 1 dia útil.",
            "O frete custa R$ 9,90.",
            "O frete é grátis para todas as compras.",
            "Entregamos também no Rio de Janeiro.",
            "A entrega é feita por motoboy no mesmo dia.",
            "O frete é grátis para compras acima de R$ 100.",
        ),
    ),
    Talk(
        "Pagamento\nAceitamos Pix, cartão de crédito em até seis vezes sem juros e boleto. No Pix há 5% de desconto. O boleto vence em três dias.",
        "Dá pra parcelar?",
        (
            "Dá sim! Parcelamos em até 6 vezes sem juros no cartão.",
            "Sim, em até seis vezes sem juros no cartão de crédito.",
            "Você pode pagar com Pix, cartão ou boleto. No Pix tem 5% de desconto.",
            "Parcelamos no cartão em até 6x sem juros. Se preferir pagar à vista, no Pix você ganha 5% de desconto.",
            "Aceitamos boleto também, com vencimento em três dias.",
        ),
        (
            "Parcelamos em até 12 vezes sem juros.",
            "No Pix tem 10% de desconto.",
            "Aceitamos cheque e PayPal.",
            "Parcelamos em até 6 vezes com juros.",
            "No boleto há 5% de desconto e o parcelamento é em até 6 vezes.",
            "O boleto vence em cinco dias.",
        ),
    ),
    Talk(
        "Horário\nAbrimos de segunda a sexta, das 9h às 18h, e aos sábados das 9h às 13h. Não abrimos aos domingos e feriados. Rua das Flores, 120, Centro.",
        "Vocês abrem no sábado? Onde fica?",
        (
            "Abrimos sim! Aos sábados, das 9h às 13h.",
            "Sim, no sábado atendemos das 9h às 13h. Ficamos na Rua das Flores, 120, no Centro.",
            "De segunda a sexta funcionamos das 9h às 18h.",
            "Aos domingos não abrimos.",
            "Estamos na Rua das Flores, 120, Centro.",
            "No domingo estamos fechados.",
        ),
        (
            "Aos sábados abrimos das 9h às 18h.",
            "Abrimos também aos domingos.",
            "Estamos na Avenida Paulista, 900.",
            "Temos estacionamento gratuito na porta.",
            "Abrimos nos feriados das 9h às 13h.",
        ),
    ),
    Talk(
        "Garantia\nA garantia é de 12 meses contra defeitos de fabricação. Quedas e mau uso não são cobertos. Para acionar, envie fotos e o número de série pelo WhatsApp.",
        "Minha furadeira parou, tem garantia?",
        (
            "Sim, a garantia é de 12 meses contra defeitos de fabricação.",
            "Sinto muito pelo transtorno! Para acionar a garantia, me envie fotos e o número de série, por favor.",
            "A garantia cobre defeitos de fabricação por 12 meses, mas não cobre quedas nem mau uso.",
            "Me manda fotos dela e o número de série para acionarmos a garantia?",
            "Que pena! A garantia vale por 12 meses. Ela sofreu alguma queda?",
        ),
        (
            "A garantia é de 24 meses.",
            "A garantia cobre quedas também.",
            "Trocamos por uma nova imediatamente.",
            "Leve na assistência técnica mais próxima com a caixa original.",
            "A garantia cobre defeitos de fabricação e mau uso.",
        ),
    ),
    Talk(
        "Clareamento dental\nO clareamento a laser custa R$ 890 e é feito em duas sessões de 40 minutos. Gestantes não podem fazer. Depois da sessão, evite café e vinho por 48 horas.",
        "Quanto custa o clareamento e dói?",
        (
            "O clareamento a laser custa R$ 890 e é feito em duas sessões.",
            "Custa R$ 890, em duas sessões de 40 minutos cada.",
            "Depois da sessão é importante evitar café e vinho por 48 horas.",
            "O valor é R$ 890. Você está grávida? Gestantes não podem fazer.",
            "São duas sessões de 40 minutos, por R$ 890 no total.",
        ),
        (
            "O clareamento não dói nada.",
            "Custa R$ 890 por sessão e inclui a limpeza.",
            "Gestantes podem fazer com autorização médica.",
            "É feito em três sessões.",
            "O resultado dura dois anos.",
        ),
    ),
    Talk(
        "Consulta\nA primeira consulta dura 50 minutos e custa R$ 250. Atendemos os convênios Vida e Amparo. Cancelamentos com menos de 24 horas são cobrados.",
        "Vocês atendem convênio?",
        (
            "Atendemos sim, os convênios Vida e Amparo.",
            "Sim! Trabalhamos com os convênios Vida e Amparo. O seu é algum deles?",
            "Pelo particular, a primeira consulta custa R$ 250 e dura 50 minutos.",
            "Se precisar cancelar, avise com pelo menos 24 horas, senão a consulta é cobrada.",
        ),
        (
            "Atendemos todos os convênios.",
            "Atendemos o convênio Saúde Total.",
            "Cancelamentos não são cobrados.",
            "O retorno é gratuito em até 30 dias.",
        ),
    ),
    Talk(
        "Matrícula\nAs matrículas para 2027 abrem em 10 de janeiro. A mensalidade do ensino fundamental é R$ 1.150 e irmãos têm 10% de desconto. O uniforme é obrigatório.",
        "Quando abrem as matrículas?",
        (
            "As matrículas para 2027 abrem no dia 10 de janeiro.",
            "Abrem em 10/01!",
            "A mensalidade do fundamental é de R$ 1.150, e irmãos têm 10% de desconto.",
            "O uso do uniforme é obrigatório.",
        ),
        (
            "As matrículas abrem em 15 de janeiro.",
            "A mensalidade é R$ 950.",
            "O material didático está incluído na mensalidade.",
            "O uniforme não é obrigatório.",
            "Irmãos têm 20% de desconto.",
        ),
    ),
    Talk(
        "Tamanhos\nO vestido Lua veste do 36 ao 46 e é de viscose. Lave à mão, com água fria. Disponível em azul, preto e verde.",
        "Tem o vestido Lua no 44? Que tecido é?",
        (
            "Temos sim! O vestido Lua vai do 36 ao 46.",
            "Tem sim, ele veste do 36 ao 46 e o tecido é viscose.",
            "O vestido Lua é de viscose e está disponível em azul, preto e verde. Qual cor você prefere?",
            "O tecido é viscose, e a lavagem deve ser à mão, com água fria.",
        ),
        (
            "O vestido Lua é de algodão.",
            "Temos também em vermelho.",
            "Pode lavar na máquina.",
            "O vestido Lua está com desconto.",
            "Ele não amassa e é forrado.",
        ),
    ),
    Talk(
        "Segunda via\nA segunda via do boleto sai em Minha Conta, no menu Faturas. Depois do vencimento há multa de 2%. O serviço é suspenso após 15 dias de atraso.",
        "Como pego a segunda via?",
        (
            "É só entrar em Minha Conta e abrir o menu Faturas.",
            "Você encontra a segunda via em Minha Conta, no menu Faturas.",
            "Entre em Minha Conta, vá em Faturas e baixe a segunda via do boleto. Conseguiu?",
            "Após o vencimento há multa de 2%, e o serviço é suspenso depois de 15 dias de atraso.",
        ),
        (
            "A segunda via foi enviada para o seu e-mail.",
            "A multa é de 5%.",
            "Não há multa depois do vencimento.",
            "O serviço é suspenso após 30 dias.",
            "Cancelei a cobrança para você.",
        ),
    ),
    Talk(
        "Shipping and returns\nOrders ship within 2 business days. Returns are accepted within 14 days in the original packaging. Sale items cannot be returned. Shipping to Canada costs $12.",
        "Can I return a jacket I bought last week?",
        (
            "Yes! We accept returns within 14 days, in the original packaging.",
            "You can return it within 14 days as long as it is in its original packaging.",
            "Returns are accepted within 14 days. Was it a sale item? Those can't be returned.",
            "Sure! Just keep in mind that sale items cannot be returned.",
            "Your order ships within 2 business days, and shipping to Canada costs $12.",
        ),
        (
            "Yes, we accept returns within 60 days.",
            "You can return it without the original packaging.",
            "Sale items can be returned too.",
            "We will send you a prepaid label.",
            "Shipping to Canada is free.",
            "Your refund was approved.",
        ),
    ),
    Talk(
        "Plans\nThe Pro plan costs $29 per month and includes 5 users. Each additional user is $6. Single sign-on is part of the Enterprise plan only. You can cancel anytime.",
        "How much is Pro and does it have SSO?",
        (
            "The Pro plan is $29 per month and includes 5 users.",
            "Pro costs $29 a month with 5 users included, and each additional user is $6.",
            "Single sign-on is only available in the Enterprise plan.",
            "You can cancel anytime. Would you like to know more about Enterprise?",
        ),
        (
            "The Pro plan includes single sign-on.",
            "Pro is $19 per month.",
            "There is a 30-day free trial.",
            "You cannot cancel before a year.",
            "Pro includes unlimited users.",
        ),
    ),
    Talk(
        "Reservas\nO check-in começa às 14h e o check-out vai até 11h. O café da manhã está incluído na diária. Crianças até 6 anos não pagam. Não aceitamos animais.",
        "Posso levar meu cachorro? O café está incluso?",
        (
            "Infelizmente não aceitamos animais. O café da manhã está incluído na diária, sim!",
            "O check-in é a partir das 14h e o check-out até as 11h.",
            "O café da manhã já está incluído no valor da diária.",
            "Crianças de até 6 anos não pagam.",
            "Que fofo! Mas aqui não podemos receber animais.",
            "A entrada é às 14h e a saída até 11h. Quantas pessoas vão se hospedar?",
        ),
        (
            "Aceitamos animais de pequeno porte.",
            "O café da manhã é pago à parte.",
            "O check-out vai até 14h.",
            "Crianças até 12 anos não pagam.",
            "Temos piscina aquecida.",
            "O jantar está incluído na diária.",
        ),
    ),
    Talk(
        "Academia\nO plano mensal custa R$ 119 e o anual sai por R$ 89 por mês. A taxa de matrícula é de R$ 50. Funcionamos 24 horas de segunda a sexta. O plano anual tem multa de 20% no cancelamento.",
        "Quanto é o plano e tem fidelidade?",
        (
            "O plano mensal custa R$ 119, e o anual sai por R$ 89 por mês.",
            "No plano anual a mensalidade fica R$ 89.",
            "Há uma taxa de matrícula de R$ 50.",
            "Se cancelar o plano anual, há multa de 20%.",
            "De segunda a sexta funcionamos 24 horas.",
            "Temos o mensal por R$ 119 e o anual por R$ 89 ao mês. Qual combina mais com você?",
        ),
        (
            "O plano mensal custa R$ 89.",
            "Não cobramos taxa de matrícula.",
            "O plano mensal tem multa de 20%.",
            "Funcionamos 24 horas todos os dias.",
            "Você pode cancelar o anual sem multa.",
            "A primeira aula é gratuita.",
        ),
    ),
    Talk(
        "Internet\nO plano de 300 mega custa R$ 99,90 e o de 600 mega custa R$ 129,90. A instalação é gratuita e acontece em até 5 dias úteis. O roteador é emprestado e deve ser devolvido no cancelamento.",
        "Quanto custa e quando instalam?",
        (
            "O de 300 mega custa R$ 99,90 e o de 600 mega R$ 129,90.",
            "A instalação é grátis e acontece em até 5 dias úteis.",
            "Instalamos em até cinco dias úteis, sem custo!",
            "O roteador é emprestado: no cancelamento ele deve ser devolvido.",
            "Você não paga a instalação.",
        ),
        (
            "O de 300 mega custa R$ 129,90.",
            "A instalação custa R$ 50.",
            "Instalamos amanhã mesmo.",
            "O roteador fica com você.",
            "A velocidade é garantida em 100%.",
            "Não há fidelidade.",
        ),
    ),
    Talk(
        "Pet shop\nO banho para cães pequenos custa R$ 60 e inclui corte de unhas. Tosa só com hora marcada. É preciso levar a carteira de vacinação. Buscamos em casa no bairro Jardim por R$ 15.",
        "Quanto é o banho? Vocês buscam?",
        (
            "O banho para cães pequenos custa R$ 60 e já inclui o corte de unhas.",
            "Buscamos sim, no bairro Jardim, por R$ 15.",
            "Para a tosa é necessário marcar hora.",
            "Não esqueça de levar a carteira de vacinação!",
            "Ele é pequeno? O banho para cães pequenos sai por R$ 60.",
        ),
        (
            "O banho inclui a tosa.",
            "Buscamos em qualquer bairro.",
            "A tosa não precisa de hora marcada.",
            "O banho para gatos custa R$ 60.",
            "A busca em casa é gratuita.",
            "Não é preciso levar a carteira de vacinação.",
        ),
    ),
    Talk(
        "Returns desk\nWe are open Monday to Friday from 8 am to 5 pm. Bring your ID and the order number. Refunds take 5 to 7 business days. Gift cards are not refundable.",
        "When are you open and how long do refunds take?",
        (
            "We're open Monday to Friday, from 8 am to 5 pm.",
            "Refunds take 5 to 7 business days.",
            "Please bring your ID and the order number.",
            "Unfortunately gift cards are not refundable.",
            "You will get your refund in 5 to 7 business days. Do you have the order number?",
        ),
        (
            "We are open on Saturdays.",
            "Refunds take 2 business days.",
            "Gift cards are refundable.",
            "You do not need to bring your ID.",
            "Refunds are paid in cash.",
            "We refund shipping costs too.",
        ),
    ),
    Talk(
        "Restaurante\nO rodízio custa R$ 79,90 de segunda a quinta e R$ 99,90 de sexta a domingo. Crianças até 5 anos não pagam. Bebidas são à parte. Reservas pelo WhatsApp até as 18h.",
        "Quanto é o rodízio no sábado?",
        (
            "No sábado o rodízio custa R$ 99,90, e as bebidas são à parte.",
            "De sexta a domingo sai por R$ 99,90 por pessoa.",
            "As bebidas são cobradas à parte.",
            "Crianças de até 5 anos não pagam. Quantas pessoas serão?",
            "Fazemos reservas pelo WhatsApp até as 18h.",
        ),
        (
            "De sexta a domingo o rodízio custa R$ 79,90.",
            "As bebidas estão incluídas.",
            "Crianças até 10 anos não pagam.",
            "Temos opções veganas.",
            "Reservas só por telefone.",
            "A sobremesa é cortesia da casa.",
        ),
    ),
)
