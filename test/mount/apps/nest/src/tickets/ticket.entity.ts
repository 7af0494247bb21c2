import { Column, CreateDateColumn, Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn, Relation } from "typeorm";
import { User } from "../auth/user.entity";

@Entity()
export class Ticket {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  subject: string;

  @Column({ default: "open" })
  state: string;

  @ManyToOne(() => User, { eager: true, nullable: false })
  owner: User;

  @OneToMany(() => Comment, (comment) => comment.ticket)
  comments: Comment[];

  @Column({ nullable: true, type: "varchar" })
  attachment: string | null;

  @CreateDateColumn()
  createdAt: Date;
}

@Entity()
export class Comment {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  text: string;

  @ManyToOne(() => Ticket, (ticket) => ticket.comments, { onDelete: "CASCADE", nullable: false })
  ticket: Relation<Ticket>;
}
